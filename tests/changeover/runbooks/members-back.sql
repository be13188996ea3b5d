UPDATE members SET city = city;
